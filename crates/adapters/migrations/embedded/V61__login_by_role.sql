-- Few logins have a role in the shop's administration.
CREATE INDEX login_staff ON login (user_id) WHERE role IN ('viewer', 'operator', 'admin');
