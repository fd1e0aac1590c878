using System.Text;

namespace Foretell.World;

/// <summary>
/// Writes sentences from templates: literal English with slots in braces. It sets spaces and capitals, tells a thing's
/// colour when the thing is first met, and says he or she only where no one else can be meant.
/// </summary>
/// <remarks>
/// Slots: <c>A B C</c> a person as subject (name or pronoun), with <c>.n</c> name, <c>.o</c> object, <c>.s</c> possessive,
/// <c>.he .him .his .self</c> always a pronoun; <c>T U</c> a thing with article the, <c>.a</c> with a or an, <c>.b</c> without
/// article, <c>.k</c> its kind only; <c>P Q</c> a place with article, <c>.in</c> with its preposition; <c>N M R</c> a number in
/// words, <c>.k</c> with the counted kind, <c>.f</c> in figures, <c>.coins</c> with coins; <c>K</c> the counted plural;
/// <c>W X</c> free words, <c>.a</c> with a or an.
/// </remarks>
internal sealed class Composer(SeededRandom random)
{
    private readonly StringBuilder _text = new(1024);
    private bool _capital = true, _quoted, _sentenceEnded;
    private Person? _subject, _lastSubject;
    private readonly List<Person> _mentioned = [], _lastMentioned = [];
    private int _pronouns;

    public Person? A, B, C;
    public Thing? T, U;
    public Place? P, Q;
    public int N, M, R;
    public CountedKind? K;
    public string? W, X;

    public int Length => _text.Length;

    public override string ToString() => _text.ToString();

    /// <summary>Ends the paragraph: what follows starts on a new line and takes up no one by pronoun.</summary>
    public void NewLine()
    {
        _text.Append('\n');
        Forget();
    }

    /// <summary>Makes the next mention of everyone a name.</summary>
    public void Forget()
    {
        _lastSubject = _subject = null;
        _mentioned.Clear();
        _lastMentioned.Clear();
        _capital = true;
    }

    /// <summary>Writes one template after a space, as one or more whole sentences.</summary>
    public void Say(string template)
    {
        if (_text.Length > 0 && _text[^1] is not ('\n' or ' '))
        {
            _text.Append(' ');
        }
        EndSentence();
        Write(template);
    }

    public void Say(string[] templates) => Say(random.Pick(templates));

    /// <summary>Writes a template as it stands, inside a sentence.</summary>
    public void Write(ReadOnlySpan<char> template)
    {
        while (!template.IsEmpty)
        {
            int open = template.IndexOf('{');
            AppendLiteral(open < 0 ? template : template[..open]);
            if (open < 0)
            {
                return;
            }
            int close = template.IndexOf('}');
            AppendSlot(template[(open + 1)..close]);
            template = template[(close + 1)..];
        }
    }

    private void EndSentence()
    {
        if (_subject is not null)
        {
            _lastSubject = _subject;
            _lastMentioned.Clear();
            _lastMentioned.AddRange(_mentioned);
        }
        _subject = null;
        _mentioned.Clear();
        _capital = true;
        _sentenceEnded = false;
    }

    private void AppendLiteral(ReadOnlySpan<char> literal)
    {
        foreach (char c in literal)
        {
            switch (c)
            {
                case '"':
                    _quoted = !_quoted;
                    _capital = _quoted;
                    if (_quoted)
                    {
                        _sentenceEnded = false;
                    }
                    break;
                case '.':
                    _sentenceEnded = true;
                    break;
                case '!' or '?':
                    _sentenceEnded = !_quoted;
                    _capital = _quoted;
                    break;
                case ' ':
                    if (_sentenceEnded && !_quoted)
                    {
                        EndSentence();
                    }
                    else if (_sentenceEnded)
                    {
                        _capital = true;
                    }
                    break;
                default:
                    _capital = false;
                    _sentenceEnded = false;
                    break;
            }
            _text.Append(c);
        }
    }

    private void Append(string words)
    {
        if (_capital)
        {
            _text.Append(char.ToUpperInvariant(words[0])).Append(words, 1, words.Length - 1);
            _capital = false;
        }
        else
        {
            _text.Append(words);
        }
        _sentenceEnded = false;
    }

    private void AppendWithArticle(string words)
    {
        Append(Grammar.Article(words));
        _text.Append(' ').Append(words);
    }

    private void AppendSlot(ReadOnlySpan<char> slot)
    {
        ReadOnlySpan<char> form = slot.Length > 2 ? slot[2..] : default;
        switch (slot[0])
        {
            case 'A': AppendPerson(A!, form); break;
            case 'B': AppendPerson(B!, form); break;
            case 'C': AppendPerson(C!, form); break;
            case 'T': AppendThing(T!, form); break;
            case 'U': AppendThing(U!, form); break;
            case 'P': AppendPlace(P!, form); break;
            case 'Q': AppendPlace(Q!, form); break;
            case 'N': AppendNumber(N, form); break;
            case 'M': AppendNumber(M, form); break;
            case 'R': AppendNumber(R, form); break;
            case 'K': Append(form is "one" ? K!.Singular : K!.Plural); break;
            case 'W': AppendWords(W!, form); break;
            case 'X': AppendWords(X!, form); break;
            default: throw new InvalidOperationException($"No slot {{{slot}}}.");
        }
    }

    private void AppendWords(string words, ReadOnlySpan<char> form)
    {
        if (form is "a")
        {
            AppendWithArticle(words);
        }
        else
        {
            Append(words);
        }
    }

    private void AppendPlace(Place place, ReadOnlySpan<char> form)
    {
        if (form is "in")
        {
            Append(place.Preposition);
            _text.Append(" the ");
        }
        else
        {
            Append("the ");
        }
        _text.Append(place.Name);
    }

    private void AppendNumber(int number, ReadOnlySpan<char> form)
    {
        if (form is "f")
        {
            Append(Grammar.InFigures(number));
            return;
        }
        Append(Grammar.InWords(number));
        if (form is "k")
        {
            _text.Append(' ').Append(number == 1 ? K!.Singular : K!.Plural);
        }
        else if (form is "coins")
        {
            _text.Append(' ').Append(Grammar.Coins(number));
        }
    }

    private void AppendThing(Thing thing, ReadOnlySpan<char> form)
    {
        bool colour = form is not "k" && thing.Colour is not null && (!thing.ColourTold || random.OneIn(5));
        if (form.IsEmpty)
        {
            Append("the ");
        }
        else if (form is "a")
        {
            Append(Grammar.Article(colour ? thing.Colour : thing.Kind.Name));
            _text.Append(' ');
        }
        if (colour)
        {
            Append(thing.Colour!);
            _text.Append(' ');
            thing.ColourTold = true;
        }
        Append(thing.Kind.Name);
        thing.Told = true;
    }

    private void AppendPerson(Person person, ReadOnlySpan<char> form)
    {
        switch (form)
        {
            case "he": Append(person.He); return;
            case "him": Append(person.Him); return;
            case "his": Append(person.His); return;
            case "self": Append(person.Himself); return;
        }
        bool here = _mentioned.Contains(person);
        bool clear = !Rivalled(person, _mentioned) && !Rivalled(person, _lastMentioned);
        bool named = form is "n" || _quoted;
        switch (form)
        {
            case "o":
                Append(!named && clear && (here || (_lastMentioned.Contains(person) && random.OneIn(2))) ? person.Him : person.Name);
                break;
            case "s":
                if (!named && clear && (here || (_lastSubject == person && random.OneIn(2))))
                {
                    Append(person.His);
                }
                else
                {
                    Append(person.Name);
                    _text.Append("'s");
                }
                break;
            default:
                bool pronoun = !named && clear && (here || (_lastSubject == person && _pronouns < 2 && !random.OneIn(4)));
                _pronouns = pronoun ? _pronouns + 1 : 0;
                Append(pronoun ? person.He : person.Name);
                break;
        }
        if (_quoted)
        {
            return;
        }
        _subject ??= person;
        if (!here)
        {
            _mentioned.Add(person);
        }
    }

    private static bool Rivalled(Person person, List<Person> others)
    {
        foreach (Person other in others)
        {
            if (other != person && other.Female == person.Female)
            {
                return true;
            }
        }
        return false;
    }
}
