using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;

namespace Foretell.Cli.Tests;

/// <summary>What others get: packages that restore from a folder, a program that uses them, and the command as a tool.</summary>
public sealed class PackageTests : IDisposable
{
    private const string Version = "0.1.0";
    private static readonly string[] Rooms = ["Tensors", "Tokenizers", "Nn", "Models", "World", "Data", "Inference", "Evaluation", "Training", "Assistant"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Packages_OfAllRooms_RestoreCompileChatAndInstall()
    {
        string packages = _folder.File("packages");
        Pack(packages);
        foreach (string room in Rooms)
        {
            CheckPackage(packages, $"Foretell.{room}", $"lib/net10.0/Foretell.{room}");
        }
        CheckPackage(packages, "Foretell.Cli", "tools/net10.0/any/foretell");
        Chat(packages);
        Install(packages);
    }

    /// <summary>Packs what this test project's build has built: all rooms, and nothing that may not have been restored.</summary>
    private void Pack(string packages)
    {
        File.WriteAllText(_folder.File("pack.proj"), $"""
            <Project>
              <ItemGroup><Room Include="{Path.Combine(Root, "src")}/*/*.csproj" /></ItemGroup>
              <Target Name="Pack">
                <MSBuild Projects="@(Room)" Targets="Pack" BuildInParallel="true" Properties="NoBuild=true;Configuration={Configuration};PackageOutputPath={packages}" />
              </Target>
            </Project>
            """);
        Dotnet(Root, "msbuild", _folder.File("pack.proj"), "-t:Pack", "-v:quiet");
    }

    private static void CheckPackage(string packages, string id, string library)
    {
        using ZipArchive package = ZipFile.OpenRead(Path.Combine(packages, $"{id}.{Version}.nupkg"));
        string[] entries = [.. package.Entries.Select(entry => entry.FullName)];
        Assert.Contains(library + ".dll", entries);
        Assert.True(id == "Foretell.Cli" || entries.Contains(library + ".xml"), $"{id} has no documentation for its callers");
        Assert.Contains("README.md", entries);
        using Stream stream = package.GetEntry(id + ".nuspec")!.Open();
        XElement metadata = XDocument.Load(stream).Root!.Elements().Single();
        string Field(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal((id, Version, "MIT", "README.md"), (Field("id"), Field("version"), Field("license"), Field("readme")));
        Assert.True(Field("description").Length > 30, $"{id} is not described");
        Assert.Contains("gpt", Field("tags"), StringComparison.Ordinal);
        using ZipArchive symbols = ZipFile.OpenRead(Path.Combine(packages, $"{id}.{Version}.snupkg"));
        Assert.Contains(symbols.Entries, entry => entry.FullName == library + ".pdb");
    }

    /// <summary>A project that has never heard of this repository: the packages come from the folder, other people's from what was restored before.</summary>
    private void Chat(string packages)
    {
        string model = _folder.File("model");
        TinyModel.Save(model);
        string consumer = Directory.CreateDirectory(_folder.File("consumer")).FullName;
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(Path.Combine(consumer, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{_folder.File("restored")}" /></config>
              <packageSources><clear /><add key="folder" value="{packages}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="ordinary" value="{cache}" /></fallbackPackageFolders>
              <auditSources><clear /></auditSources>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(consumer, "Consumer.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Foretell.Assistant" Version="{Version}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(consumer, "Program.cs"), """
            using Foretell.Assistant;
            using Microsoft.Extensions.AI;

            using IChatClient client = ForetellChatClient.Load(args[0]);
            ChatResponse response = await client.GetResponseAsync("Hello", new ChatOptions { MaxOutputTokens = 9, Seed = 1 });
            Console.WriteLine($"{response.ModelId}|{response.FinishReason}|{response.Usage!.OutputTokenCount}");
            """);
        Dotnet(consumer, "build", "-v", "quiet");
        string said = Dotnet(consumer, Path.Combine(consumer, "bin", "Debug", "net10.0", "Consumer.dll"), model);
        Assert.Matches(@"^model\|(length\|9|stop\|\d)\s*$", said);
        Assert.True(Directory.Exists(Path.Combine(_folder.File("restored"), "foretell.tensors", Version)), "the packages did not come from the folder");
    }

    private void Install(string packages)
    {
        string tools = _folder.File("tools");
        File.WriteAllText(_folder.File("nuget.config"), $"""<configuration><packageSources><clear /><add key="folder" value="{packages}" /></packageSources></configuration>""");
        Dotnet(_folder.Path, "tool", "install", "Foretell.Cli", "--version", Version, "--tool-path", tools, "--configfile", _folder.File("nuget.config"));
        string program = Path.Combine(tools, OperatingSystem.IsWindows() ? "foretell.exe" : "foretell");
        Assert.Contains("pretrain", Run(_folder.Path, program, "--help"), StringComparison.Ordinal);
    }

    private static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    private static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Name is string name && name.StartsWith("release", StringComparison.OrdinalIgnoreCase) ? "Release" : "Debug";

    private static string FindRoot(string folder)
    {
        while (!File.Exists(Path.Combine(folder, "Foretell.slnx")))
        {
            folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)) ?? throw new InvalidOperationException("Foretell.slnx is in no folder above the tests.");
        }
        return folder;
    }

    private static string Dotnet(string folder, params string[] arguments) => Run(folder, "dotnet", arguments);

    private static string Run(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach (string inherited in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.Ordinal) && name != "MSBUILDDISABLENODEREUSE").ToArray())
        {
            start.Environment.Remove(inherited);
        }
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{output}\n{error.GetAwaiter().GetResult()}");
        return output;
    }
}
