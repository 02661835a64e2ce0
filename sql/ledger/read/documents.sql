-- Reader: every document that was told of some pods, as it was known at a time.
SELECT uid, document
FROM billing.pod_documents AS d
WHERE d.region = {region:String} AND d.cluster = {cluster:String} AND d.received_at < toDateTime({as_of:Int64}, 'UTC')
    AND d.uid IN ({uids:Array(String)})
ORDER BY uid, sha256
