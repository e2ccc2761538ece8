using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Antaca.ServiceDefaults.Tests;

public sealed class SettingsTests
{
    [Fact]
    public void Every_fault_of_every_feature_is_named_at_once()
    {
        var builder = Builder("--Limits:Most=0", "--Mail:Host=smtp", "--Mail:Prot=25", "--Broken:Most=many");

        builder.AddSettings<Limits>("Limits");
        builder.AddSettings<Mail>("Mail");
        builder.AddSettings<Limits>("Broken");

        var faults = Assert.Throws<SettingsException>(() => Settings.ThrowIfFaulty(builder)).Faults;
        Assert.Equal(4, faults.Count);
        Assert.Contains(faults, fault => fault.StartsWith("Limits:Most", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("Limits:Name", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("Mail:", StringComparison.Ordinal) && fault.Contains("Prot", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("Broken:", StringComparison.Ordinal) && fault.Contains("Most", StringComparison.Ordinal));
    }

    [Fact]
    public void Good_settings_are_bound()
    {
        var builder = Builder("--Limits:Most=7", "--Limits:Name=x");

        Assert.Equal(7, builder.AddSettings<Limits>("Limits").Most);
        Settings.ThrowIfFaulty(builder);
    }

    [Fact]
    public async Task A_service_without_settings_says_all_that_is_missing_and_ends_with_78()
    {
        var said = new StringWriter();
        var before = Console.Error;
        Console.SetError(said);
        try
        {
            Assert.Equal(78, await Defaults.Run(() => CardService.Service.Build(["--environment=Production"])));
        }
        finally
        {
            Console.SetError(before);
        }

        foreach (var missing in new[] { "Identity:Certificate", "CallerTokens", "Ports:Health", "ConnectionStrings:database", "ConnectionStrings:messaging", "services:datacore" })
        {
            Assert.Contains(missing, said.ToString(), StringComparison.Ordinal);
        }
        Assert.DoesNotContain("   at ", said.ToString(), StringComparison.Ordinal);
    }

    private static WebApplicationBuilder Builder(params string[] settings) => WebApplication.CreateBuilder(settings);

    private sealed record Limits
    {
        [Range(1, 10)]
        public int Most { get; init; }

        [Required]
        public string? Name { get; init; }
    }

    private sealed record Mail
    {
        public string? Host { get; init; }
    }
}
