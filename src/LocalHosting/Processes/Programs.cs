using System.Globalization;
using Aspire.Hosting;

namespace Antaca.LocalHosting;

/// <summary>Finds the programs that come from the machine's packages.</summary>
internal static class Programs
{
    private const string Install = "install it with: apt-get install postgresql rabbitmq-server";

    /// <summary>The folder of initdb and postgres: of the major version asked for, else of the newest.</summary>
    public static string Postgres(int? major = null, string? search = null)
    {
        var found = Directories("/usr/lib/postgresql", search)
            .Select(folder => (Folder: Path.Combine(folder, "bin"), Major: Number(Path.GetFileName(folder))))
            .Where(version => File.Exists(Path.Combine(version.Folder, "initdb")))
            .OrderByDescending(version => version.Major)
            .ToList();
        if (major is not null && found.Exists(version => version.Major == major))
        {
            return found.Find(version => version.Major == major).Folder;
        }
        if (major is not null && found.Count > 0)
        {
            throw new DistributedApplicationException(
                $"The databases were made by PostgreSQL {major} and only {string.Join(", ", found.Select(version => version.Major))} is installed: apt-get install postgresql-{major}.");
        }
        return found.Select(version => version.Folder).FirstOrDefault()
            ?? OnPath("initdb", search)
            ?? throw new DistributedApplicationException($"PostgreSQL is missing on this machine: {Install}");
    }

    /// <summary>RabbitMQ's own start script (the one on PATH switches users, and refuses others).</summary>
    public static string RabbitMqServer(string? search = null) =>
        Directories("/usr/lib/rabbitmq/lib", search)
            .OrderDescending(StringComparer.Ordinal)
            .Select(folder => Path.Combine(folder, "sbin", "rabbitmq-server"))
            .FirstOrDefault(File.Exists)
        ?? (OnPath("rabbitmq-server", search) is { } folder ? Path.Combine(folder, "rabbitmq-server") : null)
        ?? throw new DistributedApplicationException($"RabbitMQ is missing on this machine: {Install}");

    private static IEnumerable<string> Directories(string folder, string? search)
    {
        folder = (search ?? "") + folder;
        return Directory.Exists(folder) ? Directory.EnumerateDirectories(folder) : [];
    }

    private static string? OnPath(string program, string? search) =>
        search is not null
            ? null
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
                .FirstOrDefault(folder => File.Exists(Path.Combine(folder, program)));

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
