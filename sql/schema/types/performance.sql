CREATE TYPE metric_resolution AS ENUM ('raw', 'hour');

COMMENT ON TYPE metric_resolution IS 'A sample as an agent reported it, or the roll-up of one hour of them.';
