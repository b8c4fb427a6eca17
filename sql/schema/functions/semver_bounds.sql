-- Keys as semver_key() makes them, all printable ASCII: chr(1) after one makes the next greater text, chr(127) after its
-- first digits one above every version that begins with them.
CREATE FUNCTION semver_bounds(range text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    alternative text;
    comparator text;
    part text[];
    key text;
    lower_bound text;
    upper_bound text;
    lower_bounds text[] := '{}';
    upper_bounds text[] := '{}';
    one record;
    bounds text[] := '{}';
BEGIN
    FOREACH alternative IN ARRAY regexp_split_to_array(btrim(semver_bounds.range, E' \t\n'), '\s*\|\|\s*') LOOP
        lower_bound := '';
        upper_bound := chr(127);
        FOREACH comparator IN ARRAY regexp_split_to_array(alternative, '\s+') LOOP
            CONTINUE WHEN comparator = '*';
            part := regexp_match(comparator, '^(=|>=|>|<=|<|\^|~)?([0-9].*)$');
            IF part IS NULL OR NOT is_semver(part[2]) THEN
                RAISE EXCEPTION '% is no range of versions', quote_literal(semver_bounds.range)
                    USING ERRCODE = 'AE001',
                        DETAIL = format('This part of it is not understood: %L.', comparator),
                        HINT = 'Write comparators = > >= < <= ^ ~ with whole versions, all of which must hold, '
                            'and || between alternatives: >=1.8.0 <2.0.0 || ^3.1.0. * is every version.';
            END IF;
            key := semver_key(part[2]);
            IF coalesce(part[1], '=') IN ('=', '>=', '^', '~') THEN
                lower_bound := greatest(lower_bound COLLATE "C", key);
            ELSIF part[1] = '>' THEN
                lower_bound := greatest(lower_bound COLLATE "C", key || chr(1));
            END IF;
            IF coalesce(part[1], '=') <> '>' AND coalesce(part[1], '=') <> '>=' THEN
                upper_bound := least(
                    upper_bound COLLATE "C",
                    CASE
                        WHEN part[1] = '<' THEN key
                        WHEN part[1] = '^' AND left(key, 18) = repeat('0', 18) THEN left(key, 27) || chr(127)
                        WHEN part[1] = '~' OR (part[1] = '^' AND left(key, 9) = repeat('0', 9))
                            THEN left(key, 18) || chr(127)
                        WHEN part[1] = '^' THEN left(key, 9) || chr(127)
                        ELSE key || chr(1)
                    END
                );
            END IF;
        END LOOP;
        lower_bounds := lower_bounds || lower_bound;
        upper_bounds := upper_bounds || upper_bound;
    END LOOP;

    FOR one IN
        SELECT given.low, given.high
        FROM unnest(lower_bounds, upper_bounds) AS given (low, high)
        WHERE given.low COLLATE "C" < given.high
        ORDER BY given.low COLLATE "C"
    LOOP
        IF bounds = '{}' OR one.low COLLATE "C" > bounds[cardinality(bounds)] THEN
            bounds := bounds || ARRAY[one.low, one.high];
        ELSE
            bounds[cardinality(bounds)] := greatest(one.high COLLATE "C", bounds[cardinality(bounds)]);
        END IF;
    END LOOP;
    RETURN bounds;
END
$$;

COMMENT ON FUNCTION semver_bounds(text) IS
'A range of versions in the form it is tested in: parse once, store it, test often, as semver_satisfies() does.
Arguments: range, comparators (= > >= < <= ^ ~) with whole versions of which all must hold, || between alternatives, * for
every version: ">=1.8.0 <2.0.0 || ^3.1.0". ^ allows what keeps the first number that is not 0, ~ the first two.
Result: keys of semver_key() in bytewise order, of intervals that do not overlap: from the first up to below the second, and
so on; a version is inside if width_bucket() of its key gives an odd number. NULL for NULL.
A pre-release counts by its precedence alone: 2.0.0-rc.1 is in <2.0.0; write <2.0.0-0, or ^, to keep it out.
Errors: AE001 the range is malformed, naming the part.';

REVOKE EXECUTE ON FUNCTION semver_bounds(text) FROM public;
GRANT EXECUTE ON FUNCTION semver_bounds(text) TO agent, orchestrator, observer, service_role;
