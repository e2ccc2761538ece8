-- What operators look for: the newest transactions of all, and those of one card. Those of a user are found by the balances.
create index transactions_newest on transactions (authorized_at, id);
create index transactions_of_card on transactions (card_id, authorized_at, id) where card_id is not null;
