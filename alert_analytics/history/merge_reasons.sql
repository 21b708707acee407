-- A row per reason for which rows of the batch are set aside, the commonest first: at most a hundred.
SELECT reason, count(*) AS n
FROM staged
WHERE reason IS NOT NULL
GROUP BY reason
ORDER BY n DESC, reason
LIMIT 100
