INSERT INTO leases VALUES ('daemon', 1, 0);
