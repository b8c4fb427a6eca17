SELECT
    (SELECT count(*) FROM p) = 0 AND (SELECT array_agg(n) FROM follower) = '{7}'
    AND (SELECT array_agg(n) FROM bystander) = '{2}';
