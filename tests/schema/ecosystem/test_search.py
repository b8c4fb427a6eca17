"""find_agents(): by words, by meaning and by both, on a registry of a few thousand agents."""

import math
import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.conftest import Server, fresh_database
from tests.schema.ecosystem.conftest import Ecosystem, Register, living_in, refused
from tests.schema.ecosystem.tasks import one

pytestmark = pytest.mark.server

Session = psycopg.Connection[TupleRow]
AGENTS = 5000
CLUSTERS = 50
SPREAD = 0.6


def unit(*places: int) -> str:
    """Return a vector that points between the axes numbered `places`."""
    return str([1.0 if place in places else 0.0 for place in range(384)])


def found(session: Session, query: str | None, embedding: str | None = None, **more: Any) -> list[str]:
    rest = ", ".join(f"{name} => %s" for name in more)
    statement = "SELECT agent_id FROM find_agents(%s, %s" + (", " + rest if rest else "") + ")"
    return [row[0] for row in session.execute(statement, (query, embedding, *more.values()))]


@pytest.fixture
def crew(service: Session, register: Register) -> Session:
    register("reader-1", capabilities=["ocr"], description="reads scanned invoices", capability_embedding=unit(0))
    register("reader-2", capabilities=["ocr", "tables"], description="reads forms", capability_embedding=unit(0, 1))
    register("linguist", "research", "1.9.0", description="translates invoices", capability_embedding=unit(1))
    register("mute", "indexing", "1.7.1", description="crawls pages")
    return service


def test_by_words_alone(crew: Session) -> None:
    assert found(crew, "scanned invoices") == ["reader-1", "linguist"]
    assert found(crew, "OCR tables") == ["reader-2", "reader-1"]
    assert found(crew, "research") == ["linguist"]
    assert found(crew, "quantum") == []


def test_a_word_that_is_misspelt(crew: Session) -> None:
    assert found(crew, "invoces")[0] in ("reader-1", "linguist")
    assert found(crew, "transltes") == ["linguist"]
    assert found(crew, "transltes forms") == ["reader-2", "linguist"], "beside one that is not"


def test_beside_an_embedding_a_misspelt_word_is_left_to_the_meaning(crew: Session) -> None:
    statement = "SELECT text_similarity FROM find_agents(%s, %s) WHERE agent_id = 'linguist'"
    assert one(crew, statement, "transltes", unit(1)) is None
    assert one(crew, statement, "transltes invoices", unit(1)) > 0.5


def test_the_beginning_of_a_word(crew: Session) -> None:
    assert found(crew, "invo") == ["linguist", "reader-1"]
    assert found(crew, "scan inv") == ["reader-1", "linguist"]


@pytest.mark.parametrize(
    ("description", "query"),
    [
        ("x" * 3000 + " folds", "folds"),
        (" ".join(f"{number:x}" for number in range(200_000)) + " unread", "ff"),
        ("see https://example.org/a-b.c?d=e <b>now</b> -4 1e5 'it''s' a&b|!c:*", "see b d now 4 1e5 it c"),
        ("번역가는 문서를 옮긴다", "문서를"),
        ("Ångström ÜBER", "ångström über"),
    ],
    ids=["a word of 3,000 letters", "a megabyte", "signs", "Korean", "capitals"],
)
def test_any_description_can_be_registered_and_found(
    crew: Session, register: Register, description: str, query: str
) -> None:
    register("odd", description=description)
    rows = crew.execute("SELECT agent_id, text_similarity FROM find_agents(%s, max_agents => 1)", (query,)).fetchall()
    assert rows == [("odd", 1.0)]


def test_words_count_by_how_much_of_them_is_there(crew: Session, register: Register) -> None:
    """Trigrams of other letters than a to z are none where the server's locale knows no others."""
    register("korean", description="번역가는 문서를 옮긴다")
    statement = "SELECT round(text_similarity::numeric, 2) FROM find_agents(%s, max_agents => 1)"
    words = ["문서를", "문서", "invoices", "invo", "invoces", "invoices 문서를"]
    assert [float(one(crew, statement, query)) for query in words] == [1, 0.5, 1, 0.8, 0.63, 0.5]


def test_of_many_alike_those_with_every_word(crowd: Ecosystem) -> None:
    """Every agent has the word agent, more than are looked at; one has both."""
    with crowd.session("service_role") as service:
        assert found(service, "agent 4711", max_agents=1) == ["agent-4711"]
        assert found(service, "executor skill123 4123", max_agents=1) == ["agent-4123"]
        assert len(found(service, "agent", max_agents=100)) == 100


def test_by_meaning_alone(crew: Session) -> None:
    rows = crew.execute(
        "SELECT agent_id, round(cosine_distance::numeric, 3), text_similarity FROM find_agents(embedding => %s)",
        (unit(0),),
    ).fetchall()
    assert [(name, float(distance), none) for name, distance, none in rows] == [
        ("reader-1", 0, None),
        ("reader-2", 0.293, None),
        ("linguist", 1, None),
    ]


def test_both_are_fused_by_place(crew: Session) -> None:
    """In both lists: linguist second by words and first by meaning, reader-1 first and third."""
    rows = crew.execute(
        "SELECT agent_id, score FROM find_agents('scanned invoices', %s)",
        (unit(1),),
    ).fetchall()
    assert [name for name, _ in rows] == ["linguist", "reader-1", "reader-2"]
    assert [score for _, score in rows] == pytest.approx([1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 62])


def test_only_live_agents(crew: Session) -> None:
    for status in ("offline", "draining"):
        crew.execute("UPDATE agent_registry SET status = %s WHERE agent_id = 'reader-1'", (status,))
        assert ("reader-1" in found(crew, "ocr", unit(0))) is (status == "draining")
    crew.execute("UPDATE agent_registry SET status = 'offline' WHERE agent_id = 'reader-1'")
    assert found(crew, "ocr", statuses=["offline"]) == ["reader-1"]
    crew.execute("SELECT deregister_agent('reader-2')")
    assert found(crew, "ocr", unit(0)) == ["linguist"]


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"required_agent_class": "research"}, ["linguist"]),
        ({"required_agent_class": "nobody"}, []),
        ({"required_capabilities": ["ocr"]}, ["reader-1", "reader-2"]),
        ({"required_capabilities": ["tables", "ocr"]}, ["reader-2"]),
        ({"agent_version_range": ">=1.9.0"}, ["linguist"]),
        ({"agent_version_range": "<1.9.0", "required_capabilities": ["tables"]}, ["reader-2"]),
        ({"agent_version_range": "<1.8.0 || >=1.9.0"}, ["linguist"]),
        ({"agent_version_range": "<1.0.0 || >=1.9.0-rc.1 || 1.0.0"}, ["linguist"]),
        ({"agent_version_range": "<1.8.0 || >=1.9.1"}, []),
        ({"agent_version_range": ">1.9.0 <1.8.0"}, []),
        ({"max_agents": 1}, ["reader-1"]),
    ],
)
def test_filters_hold_for_words_and_for_meaning(crew: Session, more: dict[str, Any], names: list[str]) -> None:
    assert found(crew, "scanned invoices ocr", unit(0), **more) == names
    assert found(crew, None, unit(0), **more) == names
    assert sorted(found(crew, "scanned invoices ocr", **more)) == sorted(names)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "neither"),
        ({"query": " ,;"}, "1 to 32 words"),
        ({"query": " ".join(map(str, range(33)))}, "1 to 32 words"),
        ({"embedding": "[1,2,3]"}, "384"),
        ({"embedding": unit()}, "zero"),
        ({"query": "x", "max_agents": 0}, "max_agents"),
        ({"query": "x", "max_agents": 101}, "max_agents"),
        ({"query": "x", "max_agents": None}, "max_agents"),
        ({"query": "x", "statuses": []}, "statuses"),
        ({"query": "x", "statuses": None}, "statuses"),
        ({"query": "x", "statuses": ["online", "deregistered"]}, "statuses"),
        ({"query": "x", "agent_version_range": "new"}, "range"),
    ],
)
def test_arguments_that_are_refused(service: Session, given: dict[str, Any], word: str) -> None:
    arguments = ", ".join(f"{name} => %s" for name in given)
    with refused("AE001", word):
        service.execute(f"SELECT find_agents({arguments})", list(given.values()))


def test_everybody_finds_what_they_may_see(ecosystem: Ecosystem, crew: Session) -> None:
    with (
        ecosystem.session("agent") as agent,
        ecosystem.session("orchestrator") as boss,
        ecosystem.session("observer") as observer,
        ecosystem.session("anon") as anon,
    ):
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3', capabilities => '{ocr}')")
        boss.execute("SELECT register_agent('boss', 'orchestrator', '2.1.0')")
        for child in ("reader-2", "me"):
            crew.execute("SELECT attach_agent('boss', %s, 'mcp', '{\"transport\": \"stdio\"}')", (child,))
        assert found(agent, "ocr", unit(0)) == ["me"]
        assert sorted(found(boss, "ocr", unit(0))) == ["me", "reader-2"]
        assert sorted(found(observer, "ocr")) == ["me", "reader-1", "reader-2"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            found(anon, "ocr")


def test_settings_are_as_before(crew: Session) -> None:
    names = ("hnsw.ef_search", "hnsw.iterative_scan", "pg_trgm.word_similarity_threshold", "enable_indexscan")
    with crew.transaction():
        found(crew, "ocr", unit(0))
        crew.execute("SET LOCAL hnsw.ef_search = 77")
        before = [one(crew, "SELECT current_setting(%s)", name) for name in names]
        found(crew, "ocr", unit(0))
        assert [one(crew, "SELECT current_setting(%s)", name) for name in names] == before == ["77", "off", "0.6", "on"]


def towns() -> list[list[float]]:
    chance = random.Random(7)  # noqa: S311
    return [[chance.gauss(0, 1) for _ in range(384)] for _ in range(CLUSTERS)]


def near(town: list[float], chance: random.Random) -> str:
    return str([round(place + chance.gauss(0, SPREAD), 4) for place in town])


@pytest.fixture(scope="module")
def crowd(server: Server, template: str) -> Iterator[Ecosystem]:
    """5,000 agents whose embeddings lie around 50 centres; each 99th is of class research."""
    with fresh_database(server, template) as database, living_in(server, database, "public") as living:
        centres, chance = towns(), random.Random(11)  # noqa: S311
        with living.owner() as owner, living.admin() as admin:
            index = "agent_registry_capability_embedding_idx"
            definition = one(owner, "SELECT pg_get_indexdef(%s::regclass)", index)
            owner.execute(f"DROP INDEX {index}")  # built in one go afterwards, in a third of the time
            with admin.cursor().copy(
                "COPY agent_registry (agent_id, agent_type, agent_class, current_version, capabilities, "
                "capability_embedding) FROM STDIN"
            ) as rows:
                for number in range(AGENTS):
                    agent_class = "executor" if number % 99 else "research"
                    skill, embedding = f"{{skill{number % 500}}}", near(centres[number % CLUSTERS], chance)
                    rows.write_row((f"agent-{number}", "standalone", agent_class, "1.8.3", skill, embedding))
            owner.execute(definition)
            owner.execute("VACUUM ANALYZE agent_registry")
        yield living


def recall(session: Session, wanted: str, condition: str = "true", **more: Any) -> float:
    """Return the share of the ten that are truly nearest among the ten found."""
    exact = "SELECT agent_id FROM agent_registry WHERE {} ORDER BY capability_embedding <=> %s LIMIT 10"
    with session.transaction():
        session.execute("SET LOCAL enable_indexscan = off")
        truly = {row[0] for row in session.execute(exact.format(condition), (wanted,))}
    assert len(truly) == 10
    return len(truly & set(found(session, None, wanted, **more))) / 10


def test_ten_nearest_are_the_ten_nearest(crowd: Ecosystem) -> None:
    chance = random.Random(13)  # noqa: S311
    asked = [near(town, chance) for town in towns()[:40]]
    with crowd.session("service_role") as service:
        plain = [recall(service, wanted) for wanted in asked]
        rare = [
            recall(service, wanted, "agent_class = 'research'", required_agent_class="research")
            for wanted in asked[:10]
        ]
    assert math.fsum(plain) / len(plain) >= 0.95
    assert rare == [1.0] * 10, "a filter that leaves one in a hundred costs nothing of what is found"


def test_few_among_many_are_all_found(crowd: Ecosystem) -> None:
    """Twelve where the planner expects 5,000, and an index that gives up before it comes to them."""
    wanted = near(towns()[5], random.Random(19))  # noqa: S311
    left = [f"agent-{number}" for number in range(6, 18)]
    with crowd.admin() as admin, admin.transaction(force_rollback=True):
        admin.execute("UPDATE agent_registry SET status = 'draining' WHERE agent_id <> ALL (%s)", (left,))
        admin.execute("SELECT '[1]'::extensions.vector")  # loads the library, whose setting this is
        admin.execute("SET LOCAL hnsw.max_scan_tuples = 200")
        admin.execute("SET LOCAL seq_page_cost = 1000")  # as dear as it would be among a million
        assert recall(admin, wanted, "status = 'online'", statuses=["online"]) == 1.0
        assert sorted(found(admin, None, wanted, max_agents=100, statuses=["online"])) == sorted(left)


def test_an_orchestrator_searches_its_own_alone(crowd: Ecosystem) -> None:
    wanted = near(towns()[5], random.Random(19))  # noqa: S311
    children = [f"agent-{number}" for number in range(6, 18)]
    with crowd.session("orchestrator") as boss, crowd.session("service_role") as service:
        boss.execute("SELECT register_agent('boss', 'orchestrator', '2.1.0')")
        for child in children:
            service.execute("SELECT attach_agent('boss', %s, 'mcp', '{\"transport\": \"stdio\"}')", (child,))
        assert recall(boss, wanted) == 1.0
        assert sorted(found(boss, None, wanted, max_agents=100)) == sorted(children)
        plan = "\n".join(row[0] for row in boss.execute("EXPLAIN SELECT agent_id FROM agent_registry"))
    assert "Index Cond: (agent_id = ANY" in plan, "found by the index, the others are not looked at"


@pytest.mark.parametrize("words", [None, "skill123"])
def test_versions_are_compared_as_they_are_stored(crowd: Ecosystem, words: str | None) -> None:
    """A range leaves none of 5,000: the key of none is made anew, that of the range's one version is."""
    with crowd.admin() as admin, admin.transaction():
        admin.execute("SET LOCAL track_functions = 'all'")
        assert not found(admin, words, near(towns()[3], random.Random(17)), agent_version_range=">=2.0.0")  # noqa: S311
        calls = "SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 'semver_key'"
        assert one(admin, calls) <= 2


def plans(crowd: Ecosystem, group: str, query: str | None, embedding: str | None) -> str:
    """Return the plans of the statements inside a call, as auto_explain reports them to the client."""
    with crowd.admin() as admin:
        messages: list[str] = []
        admin.add_notice_handler(lambda diagnosis: messages.append(str(diagnosis.message_primary)))
        admin.execute("LOAD 'auto_explain'")
        admin.execute("SET auto_explain.log_min_duration = 0")
        admin.execute("SET auto_explain.log_nested_statements = on")
        admin.execute("SET auto_explain.log_level = notice")
        admin.execute(f"SET SESSION AUTHORIZATION {crowd.login(group)[0]}")
        found(admin, query, embedding)
        return "\n".join(messages)


@pytest.mark.parametrize("group", ["service_role", "observer"])
def test_indexes_are_used(crowd: Ecosystem, group: str) -> None:
    embedding = near(towns()[3], random.Random(17))  # noqa: S311
    by_words, by_both = (plans(crowd, group, "skill123 skil124", meaning) for meaning in (None, embedding))
    for plan in (by_words, by_both):
        assert "Bitmap Index Scan on agent_registry_search_words_idx" in plan
        assert "Seq Scan on agent_registry" not in plan
    assert "Bitmap Index Scan on agent_registry_search_text_idx" in by_words, "for the word that nobody has"
    assert "Index Scan using agent_registry_capability_embedding_idx" in by_both
    assert "agent_registry_search_text_idx" not in by_both
