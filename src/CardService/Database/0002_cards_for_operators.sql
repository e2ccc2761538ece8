-- What operators look for: the newest cards of all, and those of one user whoever's partner it is.
create index cards_newest on cards (created_at, id);
create index cards_of_any_user on cards (user_id, created_at, id);
