using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Antaca.House.Tests;

/// <summary>Which project may know which, and what may be named where.</summary>
public sealed partial class StructureTests
{
    private static readonly Dictionary<string, string[]> _mayReference = new()
    {
        ["AppHost"] = ["LocalHosting"],
        ["BalanceService"] = ["Contracts", "ServiceDefaults"],
        ["CardService"] = ["Contracts", "ServiceDefaults"],
        ["Client"] = ["Jose"],
        ["Contracts"] = [],
        ["DataCore"] = ["Contracts", "Jose", "ServiceDefaults"],
        ["Gateway"] = ["Contracts", "Jose", "ServiceDefaults"],
        ["Jose"] = [],
        ["KycService"] = ["Contracts", "ServiceDefaults"],
        ["LedgerVerifier"] = [],
        ["LocalHosting"] = [],
        ["Notifications"] = ["Contracts", "ServiceDefaults"],
        ["SandboxPartner"] = [],
        ["ServiceDefaults"] = ["Contracts"],
    };

    [Fact]
    public void Projects_reference_only_what_the_design_allows()
    {
        var references = Tree.Files("src", ".csproj").ToDictionary(
            project => Path.GetFileNameWithoutExtension(project.Path),
            project => XDocument.Parse(project.Text).Descendants("ProjectReference")
                // The AppHost has the services built beside it, and never calls into them.
                .Where(reference => reference.Attribute("ReferenceOutputAssembly")?.Value != "false")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)).Order().ToArray());

        Assert.Equal(_mayReference.Keys.Order(), references.Keys.Order());
        foreach (var (project, referenced) in references)
        {
            Assert.Equal((project, string.Join(" ", _mayReference[project])), (project, string.Join(" ", referenced)));
        }
    }

    [Fact]
    public void Contracts_Jose_and_the_verifier_need_no_package()
    {
        foreach (var project in new[] { "Contracts", "Jose", "LedgerVerifier" })
        {
            var file = Tree.Files($"src/{project}", ".csproj").Single();
            Assert.Empty(XDocument.Parse(file.Text).Descendants("PackageReference"));
        }
    }

    [Theory]
    [InlineData("Pan")]
    [InlineData("Cvv")]
    [InlineData("Hsm")]
    public void The_types_of_card_secrets_are_named_in_DataCore_and_the_gateway_alone(string type)
    {
        var named = Tree.Files("src", ".cs")
            .Where(file => !file.Path.StartsWith("src/DataCore/", StringComparison.Ordinal) && !file.Path.StartsWith("src/Gateway/", StringComparison.Ordinal))
            .Where(file => Regex.IsMatch(Code(file.Text), $@"(?<![\w.""]){type}(\.|\s+\w+\s*[,)=;{{])"))
            .Select(file => file.Path)
            .Where(path => type != "Cvv" || !path.StartsWith("src/Client/", StringComparison.Ordinal) && !path.StartsWith("src/Contracts/", StringComparison.Ordinal));

        Assert.Empty(named);
    }

    [Fact]
    public void No_statement_selects_everything_it_finds()
    {
        var careless = Tree.Files("src", ".cs").Concat(Tree.Files("src", ".sql")).Where(file => SelectStar().IsMatch(file.Text)).Select(file => file.Path);

        Assert.Empty(careless);
    }

    [Fact]
    public void No_statement_is_put_together_from_values()
    {
        // An interpolated raw string literal that begins like SQL. Migrations quotes role names it has checked letter by letter.
        var glued = Tree.Files("src", ".cs")
            .Where(file => !file.Path.EndsWith("ServiceDefaults/Migrations.cs", StringComparison.Ordinal) && !file.Path.StartsWith("src/LocalHosting/", StringComparison.Ordinal))
            .Where(file => GluedSql().IsMatch(file.Text))
            .Select(file => file.Path);

        Assert.Empty(glued);
    }

    [Fact]
    public void Business_time_never_comes_from_the_database()
    {
        var asked = Tree.Files("src", ".cs").Where(file => !file.Path.StartsWith("src/LocalHosting/", StringComparison.Ordinal) && NowInSql().IsMatch(file.Text))
            .Select(file => file.Path)
            .Except(["src/ServiceDefaults/Migrations.cs"]);

        Assert.Empty(asked);
    }

    [Fact]
    public void No_folder_says_nothing()
    {
        var vague = Directory.EnumerateDirectories(Path.Combine(Tree.Root, "src"), "*", SearchOption.AllDirectories)
            .Select(folder => Path.GetFileName(folder)!)
            .Where(name => name is "Common" or "Helpers" or "Helper" or "Utils" or "Util" or "Utilities" or "Managers" or "Extensions" or "Misc" or "Models" or "Interfaces" or "Dtos");

        Assert.Empty(vague);
    }

    [Fact]
    public void No_catch_takes_everything_silently()
    {
        var silent = Tree.Files("src", ".cs").Where(file => BareCatch().IsMatch(file.Text)).Select(file => file.Path);

        Assert.Empty(silent);
    }

    [Fact]
    public void The_suite_is_described_once_for_both_ways_to_run_it()
    {
        var (_, text) = Tree.Files("src/AppHost", ".cs").Single(file => file.Path == "src/AppHost/AppHost.cs");

        Assert.DoesNotContain("#if", text, StringComparison.Ordinal);
    }

    /// <summary>The code without comments: a doc comment may speak of a PAN.</summary>
    private static string Code(string text) => Comments().Replace(text, "");

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comments();

    [GeneratedRegex(@"select\s+(?:\w+\.)?\*|returning\s+\*", RegexOptions.IgnoreCase)]
    private static partial Regex SelectStar();

    [GeneratedRegex(@"\$+""""""\s*(?:select|insert|update|delete|with)\b", RegexOptions.IgnoreCase)]
    private static partial Regex GluedSql();

    [GeneratedRegex(@"\bnow\(\)|current_timestamp", RegexOptions.IgnoreCase)]
    private static partial Regex NowInSql();

    [GeneratedRegex(@"catch\s*\{")]
    private static partial Regex BareCatch();
}
