"""Reading files on several hosts: one plans and writes, the others read for it."""
