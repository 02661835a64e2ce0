-- Reader: the start-up probe; dead letters are of all tenants and of none.
SELECT count() FROM starmeter.dead_letters
