-- Reader: for each pod its one sight in a stretch of time that is the last of them (`backward`), or the first; with
-- `ends` only of ends. Of several in one second the largest counts, as in metering.
-- The rules of `sights` for agents and for what is sound hold here, too.
WITH
    seen AS (
${seen}    )
SELECT
    uid,
${told}    false AS unbroken
FROM seen
WHERE is_sound
    AND (source = 'agent' OR (uid, intDiv(at, 300)) NOT IN (SELECT uid, intDiv(at, 300) FROM seen WHERE source = 'agent' AND is_sound))
    AND (NOT {ends:Bool} OR phase_number >= 3)
ORDER BY
    uid,
    if({backward:Bool}, -at, at),
    phase_number DESC, cpu DESC, memory DESC, started DESC, finished DESC, deletion DESC, quality_number DESC
LIMIT 1 BY uid
