"""Who gets in: the modes of AKIN_AUTH, sessions, and what every request is asked at the door.

`door` puts it together; `app.pages.sign_in` has the pages. Knows requests and settings, nothing of
searches and assets.
"""

from app.auth.door import Door, current_door, init_app, link_holder
from app.auth.user import User

__all__ = ["Door", "User", "current_door", "init_app", "link_holder"]
