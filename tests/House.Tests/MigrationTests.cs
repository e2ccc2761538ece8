using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Antaca.House.Tests;

/// <summary>
/// A migration that has landed is never edited: <c>migrations.sha256</c> beside this file holds what has landed. A new
/// migration adds its line; nothing else ever changes there.
/// </summary>
public sealed class MigrationTests
{
    [Fact]
    public void Every_migration_is_as_it_landed()
    {
        var landed = File.ReadAllLines(Path.Combine(Tree.Root, "tests/House.Tests/migrations.sha256"));
        var now = Tree.Files("src", ".sql")
            .Where(file => file.Path.Contains("/Database/", StringComparison.Ordinal))
            .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Text)))}  {file.Path}");

        Assert.Equal(landed, now);
    }

    [Fact]
    public void Migrations_are_numbered_without_gaps()
    {
        foreach (var folder in Tree.Files("src", ".sql").GroupBy(file => Path.GetDirectoryName(file.Path)))
        {
            Assert.Equal(
                Enumerable.Range(1, folder.Count()).Select(number => $"{number:0000}"),
                folder.Select(file => Path.GetFileName(file.Path)[..4]));
        }
    }
}
