using System.Text.RegularExpressions;
using Xunit;

namespace Antaca.House.Tests;

/// <summary>The table of who may call whom says neither more nor less than the code does.</summary>
public sealed partial class AccessTests
{
    private static readonly Dictionary<string, string[]> _table = Row()
        .Matches(Tree.Files("src/ServiceDefaults", "Access.cs").Single().Text)
        .ToDictionary(row => row.Groups[1].Value, row => Name().Matches(row.Groups[2].Value).Select(name => name.Groups[1].Value).ToArray());

    [Fact]
    public void An_area_is_opened_by_the_service_it_names_and_by_no_other()
    {
        var opened = Tree.Services.SelectMany(service => Tree.Files($"src/{service}", ".cs")
            .SelectMany(file => Opens().Matches(file.Text))
            .Select(area => (Service: service.ToLowerInvariant(), Area: area.Groups[1].Value))).Distinct().ToArray();

        Assert.Equal(_table.Keys.Order(), opened.Select(open => open.Area).Distinct().Order());
        Assert.All(opened, open => Assert.StartsWith(open.Service + "/", open.Area, StringComparison.Ordinal));
    }

    [Fact]
    public void Whoever_may_call_does_call_and_nobody_else()
    {
        var allowed = _table.SelectMany(row => row.Value.Select(caller => (Caller: caller, Neighbour: row.Key.Split('/')[0])))
            // A service's own command is no neighbour.
            .Where(row => row.Caller != row.Neighbour)
            // The gateway reaches every service with its callers' requests.
            .Concat(Tree.Services.Where(service => service != "Gateway").Select(service => (Caller: "gateway", Neighbour: service.ToLowerInvariant())))
            .Distinct().Order();
        var calls = Tree.Services.SelectMany(service => Tree.Files($"src/{service}", ".cs")
            .SelectMany(file => Calls().Matches(file.Text))
            .Select(call => (Caller: service.ToLowerInvariant(), Neighbour: call.Groups[1].Value)))
            .Concat(Tree.Services.Where(service => service != "Gateway").Select(service => (Caller: "gateway", Neighbour: service.ToLowerInvariant())))
            .Distinct().Order();

        Assert.Equal(allowed, calls);
    }

    [Fact]
    public void The_vault_answers_the_card_service_and_the_edge_alone()
    {
        Assert.Equal(["cardservice"], _table["datacore/vault"]);
        Assert.Equal(["gateway"], _table["datacore/references"]);
    }

    [GeneratedRegex(@"\[""(\w+/\w+)""\] = \[(.*)\]")]
    private static partial Regex Row();

    [GeneratedRegex(@"""(\w+)""")]
    private static partial Regex Name();

    [GeneratedRegex(@"MapForServices\(""([^""]+)""")]
    private static partial Regex Opens();

    [GeneratedRegex(@"AddPeer\(""(\w+)""\)")]
    private static partial Regex Calls();
}
