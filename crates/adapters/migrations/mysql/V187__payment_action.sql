-- What the customer pays with, and what they must do at the provider, such as 3-D Secure, before it decides: JSON, or NULL for nothing.
-- `state` may be REQUIRES_ACTION now.
ALTER TABLE payment ADD COLUMN means TEXT, ADD COLUMN action TEXT;
