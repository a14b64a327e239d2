-- What an event means for its owner's time. (Read out of `extra` here, once; from now on it has a column of its own.)
ALTER TABLE meetings ADD COLUMN availability TEXT;
UPDATE meetings SET availability = (
  SELECT json_extract(value, '$[1].text') FROM json_each(extra) WHERE json_extract(value, '$[0]') = 'availability'
) WHERE extra LIKE '%availability%';
CREATE INDEX meetings_away ON meetings (end_at) WHERE availability = 'out_of_office';
