namespace Antaca.LocalHosting;

/// <summary>
/// Where everything lives that outlasts a run: the folder that ANTACA_STATE names, else .antaca at the repository's root.
/// (AppHost.csproj compiles this one file in when it is built against the Aspire packages.)
/// </summary>
public static class StateFolder
{
    private const string Solution = "Antaca.sln";

    public static string Find(string from) =>
        Environment.GetEnvironmentVariable("ANTACA_STATE") is { Length: > 0 } moved
            ? Path.GetFullPath(moved)
            : Path.Combine(RepositoryRoot(from), ".antaca");

    /// <summary>The nearest folder upwards that holds the solution.</summary>
    public static string RepositoryRoot(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Solution)))
            {
                return folder.FullName;
            }
        }
        throw new InvalidOperationException($"No {Solution} in {from} or above it.");
    }
}
