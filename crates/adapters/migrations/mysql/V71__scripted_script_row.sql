INSERT INTO scripted_script (id) VALUES (1);
