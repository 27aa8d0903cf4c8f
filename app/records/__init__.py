"""What people have stored: one module a concern; tables, queries and frozen values."""
