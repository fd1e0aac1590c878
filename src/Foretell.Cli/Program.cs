using System.CommandLine;

var root = new RootCommand("Foretell: everything between raw text and an assistant that people can trust.");
return root.Parse(args).Invoke();
