namespace Antaca.House.Tests;

/// <summary>The checkout as text.</summary>
internal static class Tree
{
    public static readonly string Root = Find();

    /// <summary>The services: a folder of src with a Service.cs.</summary>
    public static readonly string[] Services =
        [.. Directory.GetDirectories(Path.Combine(Root, "src")).Where(folder => File.Exists(Path.Combine(folder, "Service.cs"))).Select(folder => Path.GetFileName(folder)!).Order()];

    /// <summary>Path (from the root, with /) and text of the source files with this ending.</summary>
    public static IEnumerable<(string Path, string Text)> Files(string under, string ending) =>
        Directory.EnumerateFiles(Path.Combine(Root, under), "*" + ending, SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(file => (Path.GetRelativePath(Root, file).Replace('\\', '/'), File.ReadAllText(file)));

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Antaca.sln")))
        {
            folder = folder.Parent;
        }
        return folder.FullName;
    }
}
