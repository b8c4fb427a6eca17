CREATE TABLE agent_versions (
    agent_class agent_class_name NOT NULL,
    version semver NOT NULL,
    version_major integer GENERATED ALWAYS AS (substring(version FROM '^([0-9]+)')::integer) STORED,
    version_minor integer GENERATED ALWAYS AS (substring(version FROM '^[0-9]+\.([0-9]+)')::integer) STORED,
    version_patch integer GENERATED ALWAYS AS (substring(version FROM '^[0-9]+\.[0-9]+\.([0-9]+)')::integer) STORED,
    version_prerelease text GENERATED ALWAYS AS (substring(version FROM '^[0-9.]+-([^+]+)')) STORED,
    version_key text COLLATE "C" GENERATED ALWAYS AS (semver_key(version)) STORED,
    release_type release_type NOT NULL DEFAULT 'stable',
    description text NOT NULL DEFAULT '',
    compatibility jsonb NOT NULL DEFAULT '{}',
    artifact_uri text,
    artifact_sha256 text,
    deployment_strategy deployment_strategy NOT NULL DEFAULT 'immediate',
    rollout_state rollout_state NOT NULL DEFAULT 'not_started',
    rollout_percentage numeric(5, 2) NOT NULL DEFAULT 0,
    rollout_steps numeric(5, 2)[] NOT NULL DEFAULT '{}',
    rollout_salt text NOT NULL DEFAULT '',
    rollout_started_at timestamptz,
    rollout_step_started_at timestamptz,
    rollout_finished_at timestamptz,
    rollback_to_version semver,
    rollback_reason text,
    health_gate jsonb_object NOT NULL DEFAULT '{}',
    released_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    CONSTRAINT agent_versions_pkey PRIMARY KEY (agent_class, version),
    CONSTRAINT agent_versions_stable_is_no_prerelease CHECK (
        release_type <> 'stable' OR version_prerelease IS NULL
    ),
    CONSTRAINT agent_versions_compatibility_is_of_ranges CHECK (are_version_ranges(compatibility)),
    CONSTRAINT agent_versions_artifact_is_checksummed CHECK (
        artifact_uri IS NULL OR coalesce(artifact_sha256, '') ~ '^[0-9a-f]{64}$'
    ),
    CONSTRAINT agent_versions_rollout_percentage_is_share CHECK (rollout_percentage BETWEEN 0 AND 100),
    CONSTRAINT agent_versions_rollout_steps_are_shares CHECK (0 < all(rollout_steps) AND 100 >= all(rollout_steps)),
    CONSTRAINT agent_versions_rollout_times_fit_state CHECK (
        (rollout_state = 'not_started') = (rollout_started_at IS NULL)
        AND (rollout_state IN ('completed', 'rolled_back')) = (rollout_finished_at IS NOT NULL)
    ),
    CONSTRAINT agent_versions_rollback_to_version_fkey FOREIGN KEY (agent_class, rollback_to_version)
    REFERENCES agent_versions (agent_class, version)
);

CREATE INDEX agent_versions_order_idx ON agent_versions (agent_class, version_key DESC);

CREATE UNIQUE INDEX agent_versions_one_rollout_per_class ON agent_versions (agent_class)
WHERE rollout_state IN ('running', 'paused');

ALTER TABLE agent_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_versions FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE agent_versions IS
'The releases of every class of agent: what each is compatible with, where it lies, how far it has been rolled out.';
COMMENT ON COLUMN agent_versions.agent_class IS 'The kind of agent the release is of, e.g. executor.';
COMMENT ON COLUMN agent_versions.version IS 'Its semantic version.';
COMMENT ON COLUMN agent_versions.version_major IS 'First number of the version.';
COMMENT ON COLUMN agent_versions.version_minor IS 'Second number of the version.';
COMMENT ON COLUMN agent_versions.version_patch IS 'Third number of the version.';
COMMENT ON COLUMN agent_versions.version_prerelease IS 'What follows the hyphen, e.g. rc.1; NULL for a release.';
COMMENT ON COLUMN agent_versions.version_key IS 'The version in sortable form; order by it.';
COMMENT ON COLUMN agent_versions.release_type IS 'How mature it is.';
COMMENT ON COLUMN agent_versions.description IS 'What it is, for people.';
COMMENT ON COLUMN agent_versions.compatibility IS
'The versions of other classes it works with: {"executor": ">=1.8.0 <2.0.0"}; a class not named is not restricted.';
COMMENT ON COLUMN agent_versions.artifact_uri IS 'Where an agent that upgrades itself gets it.';
COMMENT ON COLUMN agent_versions.artifact_sha256 IS 'SHA-256 of the artifact, 64 lower-case hexadecimal digits.';
COMMENT ON COLUMN agent_versions.deployment_strategy IS 'How it is meant to reach its agents.';
COMMENT ON COLUMN agent_versions.rollout_state IS 'Where its rollout stands; one rollout a class at a time.';
COMMENT ON COLUMN agent_versions.rollout_percentage IS 'The share of the class''s agents that is to run it, in percent.';
COMMENT ON COLUMN agent_versions.rollout_steps IS 'The shares its rollout passes through, in percent.';
COMMENT ON COLUMN agent_versions.rollout_salt IS 'Mixed into the hash that decides which agents are in the share.';
COMMENT ON COLUMN agent_versions.rollout_started_at IS 'When its rollout began.';
COMMENT ON COLUMN agent_versions.rollout_step_started_at IS 'When its rollout reached the present share.';
COMMENT ON COLUMN agent_versions.rollout_finished_at IS 'When its rollout was completed or rolled back.';
COMMENT ON COLUMN agent_versions.rollback_to_version IS 'The version its agents return to when it is rolled back.';
COMMENT ON COLUMN agent_versions.rollback_reason IS 'Why it was rolled back.';
COMMENT ON COLUMN agent_versions.health_gate IS
'What agents running it must keep to: {"max_error_rate", "max_latency_p95_ms", "min_samples", "window"}.';
COMMENT ON COLUMN agent_versions.released_at IS 'When it was released.';
COMMENT ON COLUMN agent_versions.withdrawn_at IS 'When it was withdrawn; NULL while it may be used.';
