-- What the project's owner made by hand before we came: none of it is ours to judge or to touch.
SET ROLE postgres;
CREATE TABLE public.todos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid, title text);
INSERT INTO public.todos (title) VALUES ('stays');
CREATE FUNCTION public.hello() RETURNS text LANGUAGE sql RETURN 'hello';
ALTER PUBLICATION supabase_realtime ADD TABLE public.todos;
RESET ROLE;
