-- Few logins have a role in the shop's administration.
CREATE INDEX login_role ON login (role, user_id);
