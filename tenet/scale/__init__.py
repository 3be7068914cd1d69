"""`tenet build --engine ray`: the models of `sql/` per shard of accounts, on many machines."""
