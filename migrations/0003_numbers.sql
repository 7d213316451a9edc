-- Short numbers that people and panel API clients use. They may have gaps; the events carry them.
create sequence order_numbers;
create sequence service_numbers;
