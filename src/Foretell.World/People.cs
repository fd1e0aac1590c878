namespace Foretell.World;

/// <summary>The names, jobs and traits of the people.</summary>
internal static class People
{
    public static readonly string[] Girls =
    [
        "Anna", "Alice", "Bella", "Clara", "Diana", "Ella", "Emma", "Eva", "Fiona", "Hanna",
        "Helen", "Ida", "Jane", "Julia", "Kate", "Laura", "Lena", "Lucy", "Maria", "Marta",
        "Mia", "Molly", "Nina", "Nora", "Olga", "Paula", "Rita", "Rosa", "Ruth", "Sara",
        "Sofia", "Stella", "Tina", "Vera", "Wendy", "Zoe",
    ];

    public static readonly string[] Boys =
    [
        "Adam", "Alex", "Anton", "Ben", "Carl", "Daniel", "David", "Emil", "Erik", "Felix",
        "Fred", "George", "Henry", "Hugo", "Ivan", "Jack", "Jacob", "James", "John", "Leo",
        "Luke", "Max", "Noah", "Oscar", "Otto", "Paul", "Peter", "Philip", "Robert", "Sam",
        "Simon", "Theo", "Thomas", "Tim", "Victor", "Walter",
    ];

    public static readonly string[] HeldOutGirls =
        ["Greta", "Irene", "Judith", "Miriam", "Petra", "Sylvia", "Ursula", "Yvonne"];

    public static readonly string[] HeldOutBoys =
        ["Arthur", "Boris", "Conrad", "Edgar", "Gustav", "Magnus", "Rupert", "Stanley"];

    public static readonly string[] Jobs =
    [
        "baker", "teacher", "doctor", "farmer", "painter", "gardener", "carpenter", "pilot", "nurse", "cook",
        "singer", "driver", "tailor", "sailor", "writer", "dentist", "actor", "engineer", "librarian", "shepherd",
    ];

    public static readonly string[] Traits =
    [
        "kind", "brave", "clever", "quiet", "funny", "careful", "curious", "friendly", "patient", "merry",
        "cheerful", "shy", "helpful", "gentle", "polite", "busy", "lazy", "strong", "proud", "calm",
    ];
}

/// <summary>Someone in a document's world. <see cref="Index"/> is the place in the cast.</summary>
internal sealed class Person(int index, string name, bool female)
{
    public int Index { get; } = index;
    public string Name { get; } = name;
    public bool Female { get; } = female;
    public string? Job { get; set; }
    public string? Trait { get; set; }
    public Place? Place { get; set; }

    /// <summary>Coins in the purse; null while the world has not said.</summary>
    public int? Coins { get; set; }

    public string He => Female ? "she" : "he";
    public string Him => Female ? "her" : "him";
    public string His => Female ? "her" : "his";
    public string Himself => Female ? "herself" : "himself";
}
