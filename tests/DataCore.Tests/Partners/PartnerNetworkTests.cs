using System.Net;
using Antaca.DataCore.Partners;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Partners;

/// <summary>Whence a partner may call: every form that could be read in two ways is refused.</summary>
[Collection("partners")]
public sealed class PartnerNetworkTests(PartnerSuite suite)
{
    [Fact]
    public async Task Networks_are_shown_in_one_form_which_the_gateway_reads()
    {
        (string Sent, string Shown)[] networks =
        [
            ("203.0.113.0/24", "203.0.113.0/24"), ("203.0.113.7/32", "203.0.113.7/32"), ("255.255.255.254/31", "255.255.255.254/31"), ("128.0.0.0/1", "128.0.0.0/1"),
            ("0.0.0.0/0", "0.0.0.0/0"), ("2001:DB8:0:0::/32", "2001:db8::/32"), ("2001:0db8:0000:0000:0000:0000:0000:0001/128", "2001:db8::1/128"),
            ("2001:db8::8000:0:0:0/65", "2001:db8:0:0:8000::/65"), ("fe80::/10", "fe80::/10"), ("::1/128", "::1/128"), ("::/0", "::/0"),
        ];
        string[] shown = [.. networks.Select(network => network.Shown)];

        var created = (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), networks = networks.Select(network => network.Sent) })).Must(201);
        var changed = (await suite.Patch($"/partners/{created.Id}", new { networks = networks.Select(network => network.Sent) })).Must(200);

        Assert.Equal(shown, Of(created));
        Assert.Equal(created.Text, changed.Text);
        Assert.Equal(created.Text, (await suite.OfAdmin.Get($"/partners/{created.Id}")).Must(200).Text);
        Assert.All(shown, network => Assert.Equal(network, IPNetwork.Parse(network).ToString()));
    }

    [Theory]
    // A host bit is set: IPNetwork.TryParse would clear it.
    [InlineData("203.0.113.7/24")]
    [InlineData("255.255.255.255/31")]
    [InlineData("0.0.0.1/0")]
    [InlineData("2001:db8::1/32")]
    [InlineData("2001:db8::8000:0:0:0/64")]
    [InlineData("::1/0")]
    // IPv4 that inet_aton reads: shortened, octal, hexadecimal, one number.
    [InlineData("10.1/16")]
    [InlineData("10/8")]
    [InlineData("10.0.0/8")]
    [InlineData("010.0.0.0/8")]
    [InlineData("10.0.0.00/8")]
    [InlineData("0x0a.0.0.0/8")]
    [InlineData("167772160/8")]
    [InlineData("256.0.0.0/8")]
    // IPv4 as IPv6, in either notation.
    [InlineData("::ffff:10.0.0.0/104")]
    [InlineData("::ffff:a00:0/104")]
    [InlineData("::FFFF:0:0/96")]
    [InlineData("::10.0.0.0/104")]
    // No length, one that is too long, or one that is no plain number.
    [InlineData("203.0.113.0")]
    [InlineData("203.0.113.0/")]
    [InlineData("203.0.113.0/33")]
    [InlineData("203.0.113.0/024")]
    [InlineData("203.0.113.0/+24")]
    [InlineData("203.0.113.0/24/24")]
    [InlineData("203.0.113.0/255.255.255.0")]
    [InlineData("2001:db8::/129")]
    [InlineData("2001:db8::/٣٢")]
    // What else stands around an address.
    [InlineData(" 203.0.113.0/24")]
    [InlineData("203.0.113.0/24\n")]
    [InlineData("203.0.113.0 /24")]
    [InlineData("fe80::%eth0/64")]
    [InlineData("[2001:db8::]/32")]
    [InlineData("2001:db8:::/32")]
    [InlineData("cards.bank.example/32")]
    [InlineData("*")]
    [InlineData("/0")]
    [InlineData("")]
    [InlineData(null)]
    public async Task What_is_no_network_or_could_be_another_is_refused(string? network)
    {
        string?[] networks = ["198.51.100.0/24", network];
        var partner = await suite.NewPartner();

        foreach (var refused in new[]
        {
            await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), networks }), await suite.Patch($"/partners/{partner}", new { networks }),
        })
        {
            Assert.Equal("networks", Assert.Single(refused.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);
        }

        Assert.Empty(Of((await suite.OfAdmin.Get($"/partners/{partner}")).Must(200)));
    }

    [Theory]
    [InlineData("203.0.113.0/24", "203.0.113.0/24")]
    [InlineData("2001:db8::/32", "2001:0DB8:0::/32")]
    public async Task A_network_is_named_once_however_it_is_written(string first, string second)
    {
        (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), networks = new[] { first, second } })).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task So_many_networks_and_no_more()
    {
        string[] networks = [.. Enumerable.Range(0, Partner.MaxNetworks + 1).Select(number => $"10.{number}.0.0/16")];

        var created = (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), networks = networks[1..] })).Must(201);

        Assert.Equal(networks[1..], Of(created));
        (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), networks })).MustRefuse(422, "VALIDATION_FAILED");
        (await suite.Patch($"/partners/{created.Id}", new { networks })).MustRefuse(422, "VALIDATION_FAILED");
    }

    private static string[] Of(Answer partner) => [.. partner["networks"].EnumerateArray().Select(network => network.GetString()!)];
}
