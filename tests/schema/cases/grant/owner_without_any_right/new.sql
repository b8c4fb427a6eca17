CREATE TABLE t (a int);
REVOKE ALL ON t FROM ecosystem_owner;
CREATE TABLE u (a int);
REVOKE ALL ON u FROM ecosystem_owner;
