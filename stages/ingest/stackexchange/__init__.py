"""StackExchange: Posts.xml files in, threads of question and answers by score out (LLaMA, section 2.1)."""
