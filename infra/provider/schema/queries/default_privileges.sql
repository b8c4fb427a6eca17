-- What a new object of each owner is born with in the managed schemas and in all, beyond PostgreSQL's own defaults.
SELECT pg_get_userbyid(d.defaclrole)::text AS owner,
       CASE d.defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'function' WHEN 'T' THEN 'type'
                            ELSE 'other' END AS kind,
       CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee)::text END AS grantee,
       d.defaclnamespace <> 0 AS in_schema,
       CASE WHEN NOT schema.main THEN schema.schema END AS beside,
       pg_has_role(d.defaclrole, 'USAGE') AS settable,
       array_agg(g.privilege_type || CASE WHEN g.is_grantable THEN '*' ELSE '' END ORDER BY g.privilege_type)
           FILTER (WHERE g.grantee <> d.defaclrole OR d.defaclnamespace <> 0) AS privileges
FROM pg_default_acl d
LEFT JOIN managed_schemas AS schema ON schema.oid = d.defaclnamespace
LEFT JOIN LATERAL aclexplode(d.defaclacl) g ON true
WHERE d.defaclnamespace = 0 OR schema.oid IS NOT NULL
GROUP BY d.defaclrole, d.defaclobjtype, d.defaclnamespace, schema.main, schema.schema, g.grantee;
