ALTER TABLE authors ADD COLUMN born integer;
