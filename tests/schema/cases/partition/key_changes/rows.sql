INSERT INTO p (at, kind) VALUES ('2026-05-05', 'lost');
INSERT INTO follower VALUES (NULL, 7);
INSERT INTO bystander VALUES (1, 2);
