-- Whether JSON writes anything of a record's attributes in another way than as it is. Compared as texts: lengths alone would
-- have to rely on what a store makes of bytes that are no UTF-8.
            toJSONString(concat(arrayStringConcat(mapKeys(l.attributes)), arrayStringConcat(mapValues(l.attributes)))) <> concat({quote:String}, arrayStringConcat(mapKeys(l.attributes)), arrayStringConcat(mapValues(l.attributes)), {quote:String})
