SELECT m = 'sad' FROM t;
