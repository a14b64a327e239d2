-- A routing that begins like an earlier one keeps only what differs: absences change daily, the team does not.
ALTER TABLE routings ADD COLUMN base INTEGER REFERENCES routings (id);
ALTER TABLE routings ADD COLUMN shared INTEGER;
