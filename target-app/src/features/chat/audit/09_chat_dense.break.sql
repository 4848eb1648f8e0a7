delete from chat_message where seq = 2 and room_id = (select min(id::text)::uuid from chat_room);
