"""Numbers, dates and times in words, in four languages: grammars over morphemes that know what each of them says.

Every language is a module with `number`, `date` and `time`, which give the words of a value in their order. What a word
says is a set of meanings, the same names in all languages; words that share one are translations of each other:

- a digit at a place of the number: ``ein`` and ``zwanzig`` of ``einundzwanzig`` say the last and the last but one;
- a factor ten of a place: the twenty of twenty thousand, 2 x 10 x 10^3, says the fourth one, and ``thousand`` the first
  three; Chinese, which counts in ten thousands, says all four by ``万``;
- the month, the hour, which side of the hour, and so on.

Words that say nothing, such as ``and``, are translations of none.
"""
