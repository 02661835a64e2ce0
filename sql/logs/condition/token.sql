-- A whole token of the body, in lower case. Index: by_token, which needs exactly this form.
hasToken(lower(l.body), {value:String})
