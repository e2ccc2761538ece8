-- Operators list every partner's transactions, newest first.
create index transactions_newest on transactions (authorized_at, id);
create index transactions_user on transactions (user_id, authorized_at, id);
