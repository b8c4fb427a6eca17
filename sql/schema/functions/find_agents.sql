CREATE FUNCTION find_agents(
    query text DEFAULT NULL,
    embedding extensions.vector DEFAULT NULL,
    max_agents integer DEFAULT 10,
    required_agent_class text DEFAULT NULL,
    required_capabilities text[] DEFAULT NULL,
    agent_version_range text DEFAULT NULL,
    statuses agent_status[] DEFAULT '{online,draining}'
)
RETURNS TABLE (
    agent_id text,
    agent_class text,
    status agent_status,
    current_version semver,
    score double precision,
    text_similarity double precision,
    cosine_distance double precision
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = 'force_custom_plan'
AS $$
#variable_conflict use_column
DECLARE
    rank_constant CONSTANT integer := 60;
    most CONSTANT integer := 100;
    listed CONSTANT integer := greatest(4 * find_agents.max_agents, 50);
    considered CONSTANT integer := 1000;
    words CONSTANT text[] := tsvector_to_array(search_words(find_agents.query));
    all_words CONSTANT tsquery := (
        SELECT string_agg(quote_literal(part.word) || ':*', ' & ') FROM unnest(words) AS part (word)
    );
    reason CONSTANT text := CASE
        WHEN find_agents.query IS NULL AND find_agents.embedding IS NULL THEN 'neither query nor embedding is given'
        WHEN find_agents.query IS NOT NULL AND cardinality(words) NOT BETWEEN 1 AND 32 THEN 'query must have 1 to 32 words'
        WHEN extensions.vector_dims(find_agents.embedding) <> 384 THEN 'embedding must have 384 dimensions'
        WHEN extensions.vector_norm(find_agents.embedding) = 0 THEN 'embedding must have a direction, and is all zero'
        WHEN coalesce(find_agents.max_agents, 0) NOT BETWEEN 1 AND most THEN 'max_agents must be 1 to ' || most
        WHEN coalesce(cardinality(find_agents.statuses), 0) = 0 OR array_position(find_agents.statuses, NULL) IS NOT NULL
            OR 'deregistered' = ANY (find_agents.statuses) THEN 'statuses must be some of online, draining, offline'
    END;
    bounds text[];
    before jsonb;
    near_ids text[] := '{}';
    distances double precision[] := '{}';
BEGIN
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION 'agents cannot be searched: %', reason
            USING ERRCODE = 'AE001',
                DETAIL = format(
                    'Given: query %s, max_agents %s, statuses %s.',
                    quote_nullable(left(find_agents.query, 200)), quote_nullable(find_agents.max_agents),
                    quote_nullable(find_agents.statuses)
                ),
                HINT = 'Correct the argument and search again.';
    END IF;
    -- The stored key is compared: semver_satisfies() would make it anew for every agent, at 50 us each. Written as the
    -- interval it nearly always is, the planner knows from its statistics how many agents are left, and has an index.
    bounds := semver_bounds(find_agents.agent_version_range);

    -- Both libraries are loaded by now, so their settings exist; pgvector has iterative scans from 0.8 on. They are put
    -- back in the end: as clauses of the function they would need a superuser wherever the schema is made or restored.
    PERFORM extensions.word_similarity('', '');
    before := (
        SELECT jsonb_object_agg(known.name, current_setting(known.name))
        FROM unnest(ARRAY[
            'hnsw.ef_search', 'hnsw.iterative_scan', 'pg_trgm.word_similarity_threshold', 'enable_indexscan'
        ]) AS known (name)
        WHERE current_setting(known.name, TRUE) IS NOT NULL
    );
    PERFORM set_config(wanted.name, wanted.setting, TRUE)
    FROM (
        VALUES
        ('hnsw.ef_search', least(greatest(listed, 100), 1000)::text),
        ('hnsw.iterative_scan', 'relaxed_order'),
        ('pg_trgm.word_similarity_threshold', '0.5')
    ) AS wanted (name, setting)
    WHERE before ? wanted.name;

    -- If the index does not fill the list, filters or row level security left little of what it found: then few agents
    -- match at all, and comparing each of them is cheap.
    WHILE find_agents.embedding IS NOT NULL LOOP
        SELECT
            coalesce(array_agg(near.agent_id ORDER BY near.distance, near.agent_id), '{}'),
            coalesce(array_agg(near.distance ORDER BY near.distance, near.agent_id), '{}')
        INTO near_ids, distances
        FROM (
            SELECT agent.agent_id, agent.capability_embedding OPERATOR(extensions.<=>) find_agents.embedding AS distance
            FROM agent_registry AS agent
            WHERE passes_filters(
                    agent, find_agents.required_agent_class, find_agents.required_capabilities, bounds, find_agents.statuses
                )
                AND agent.capability_embedding IS NOT NULL
            ORDER BY distance
            LIMIT listed
        ) AS near
        WHERE near.distance <> 'NaN';
        EXIT WHEN cardinality(near_ids) = listed OR current_setting('enable_indexscan') = 'off';
        PERFORM set_config('enable_indexscan', 'off', TRUE);
    END LOOP;
    PERFORM set_config('enable_indexscan', before ->> 'enable_indexscan', TRUE);

    -- Whole words and their beginnings come from one index; only for a word that none of them has are trigrams compared, at
    -- 30 us for each agent that has some of them: half a second for one in two hundred real queries. A search by meaning as
    -- well does without: meaning forgives a misspelt word. Of a word that many have, some are looked at, unless all words
    -- are together.
    RETURN QUERY
    WITH asked AS (
        SELECT
            part.word, quote_literal(part.word)::tsquery AS whole,
            (quote_literal(part.word) || ':*')::tsquery AS beginning
        FROM unnest(words) AS part (word)
    ),

    together AS (
        SELECT agent.agent_id
        FROM agent_registry AS agent
        WHERE search_words(agent.search_text) @@ all_words
            AND passes_filters(
                agent, find_agents.required_agent_class, find_agents.required_capabilities, bounds, find_agents.statuses
            )
        LIMIT considered
    ),

    apart AS (
        SELECT hit.agent_id, asked.word
        FROM asked
        CROSS JOIN LATERAL (
            SELECT agent.agent_id
            FROM agent_registry AS agent
            WHERE search_words(agent.search_text) @@ asked.beginning
                AND passes_filters(
                    agent, find_agents.required_agent_class, find_agents.required_capabilities, bounds, find_agents.statuses
                )
            LIMIT considered
        ) AS hit
        WHERE (SELECT count(*) FROM together) < listed
    ),

    misspelt AS (
        SELECT hit.agent_id, hit.similarity
        FROM asked
        CROSS JOIN LATERAL (
            SELECT agent.agent_id, extensions.word_similarity(asked.word, agent.search_text) AS similarity
            FROM agent_registry AS agent
            WHERE agent.search_text OPERATOR(extensions.%>) asked.word
                AND passes_filters(
                    agent, find_agents.required_agent_class, find_agents.required_capabilities, bounds, find_agents.statuses
                )
            LIMIT considered
        ) AS hit
        WHERE find_agents.embedding IS NULL
            AND (SELECT count(*) FROM together) < listed
            AND asked.word NOT IN (SELECT apart.word FROM apart)
    ),

    likely AS (
        SELECT hit.agent_id
        FROM (
            SELECT together.agent_id, cardinality(words) AS words_found FROM together
            UNION ALL
            SELECT apart.agent_id, 1 FROM apart
            UNION ALL
            SELECT misspelt.agent_id, misspelt.similarity FROM misspelt
        ) AS hit
        GROUP BY hit.agent_id
        ORDER BY sum(hit.words_found) DESC, hit.agent_id
        LIMIT 2 * listed
    ),

    alike AS (
        SELECT agent.agent_id, shared.similarity
        FROM likely
        INNER JOIN agent_registry AS agent ON likely.agent_id = agent.agent_id
        CROSS JOIN LATERAL (
            SELECT avg(CASE
                WHEN has.words @@ asked.whole THEN 1
                ELSE greatest(
                    extensions.word_similarity(asked.word, agent.search_text),
                    CASE WHEN has.words @@ asked.beginning THEN 0.5 END
                )
            END) AS similarity
            FROM search_words(agent.search_text) AS has (words)
            CROSS JOIN asked
        ) AS shared
        ORDER BY shared.similarity DESC, agent.agent_id
        LIMIT listed
    ),

    placed AS (
        SELECT
            alike.agent_id, row_number() OVER (ORDER BY alike.similarity DESC, alike.agent_id) AS place,
            alike.similarity, NULL::double precision AS distance
        FROM alike
        UNION ALL
        SELECT near.agent_id, near.place, NULL, near.distance
        FROM unnest(near_ids, distances) WITH ORDINALITY AS near (agent_id, distance, place)
    ),

    fused AS (
        SELECT
            placed.agent_id,
            sum(1.0::double precision / (rank_constant + placed.place)) AS score,
            max(placed.similarity) AS similarity,
            max(placed.distance) AS distance
        FROM placed
        GROUP BY placed.agent_id
        ORDER BY score DESC, placed.agent_id
        LIMIT find_agents.max_agents
    )

    SELECT
        agent.agent_id::text, agent.agent_class::text, agent.status, agent.current_version,
        fused.score, fused.similarity, fused.distance
    FROM fused
    INNER JOIN agent_registry AS agent ON fused.agent_id = agent.agent_id
    ORDER BY fused.score DESC, agent.agent_id;

    PERFORM set_config(kept.key, kept.value, TRUE) FROM jsonb_each_text(before) AS kept;
END
$$;

COMMENT ON FUNCTION find_agents(text, extensions.vector, integer, text, text[], text, agent_status[]) IS
'Searches for live agents by words, by meaning, or by both: what either finds is ranked by reciprocal rank fusion. It finds what the
session may see: agents themselves, orchestrators all below them, observers and the service everyone.
Arguments: query, 1 to 32 words, looked for in agent_id, class, description and capabilities: whole, as the beginning of a word, and,
if no agent has them and no embedding is given, by trigrams, as misspelt; embedding (384 dimensions), compared with
capability_embedding by cosine distance; one of these two may be NULL. max_agents, 1 to 100.
Filters, NULL for any: required_agent_class, required_capabilities (all of them), agent_version_range as semver_bounds() takes it;
statuses, of online, draining and offline.
Result: a row an agent, the best first: agent_id, agent_class, status, current_version, score (the sum of 1 / (60 + place) over both
lists), text_similarity (the mean over the words: 1 if the agent has it, at least 0.5 if it has one that begins so, else pg_trgm''s
word_similarity) and cosine_distance (0 to 2), each NULL where that list has not got it. Of agents that have a part of the words, 1,000
a word are compared.
Nearness has no limit: an embedding always finds the nearest there are.
Errors: AE001 an argument is malformed or out of range.';

REVOKE EXECUTE ON FUNCTION find_agents(text, extensions.vector, integer, text, text[], text, agent_status[]) FROM public;
GRANT EXECUTE ON FUNCTION find_agents(text, extensions.vector, integer, text, text[], text, agent_status[])
TO agent, orchestrator, observer, service_role;
