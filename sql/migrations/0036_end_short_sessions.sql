-- Whether use prolongs a session: that of a command which was killed before it could sign out ends at its hour.
ALTER TABLE session ADD COLUMN prolongs boolean NOT NULL DEFAULT true;
