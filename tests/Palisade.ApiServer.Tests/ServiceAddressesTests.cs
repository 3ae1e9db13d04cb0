using System.Net;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Cluster addresses of Services, as kube-apiserver gives and refuses them.</summary>
public sealed class ServiceAddressesTests
{
    private static readonly IPNetwork _v4 = IPNetwork.Parse("10.96.0.0/16");
    private static readonly IPNetwork _v6 = IPNetwork.Parse("fd00:10:96::/112");
    private static readonly ServiceAddresses _dual = new([_v4, _v6]);

    [Theory]
    [InlineData("{}", "IPv4", "SingleStack", 1)]
    [InlineData("""{"ipFamilyPolicy":"PreferDualStack"}""", "IPv4 IPv6", "PreferDualStack", 2)]
    [InlineData("""{"ipFamilies":["IPv6"]}""", "IPv6", "SingleStack", 1)]
    [InlineData("""{"ipFamilies":["IPv6","IPv4"]}""", "IPv6 IPv4", "RequireDualStack", 2)]
    [InlineData("""{"clusterIP":"fd00:10:96::a"}""", "IPv6", "SingleStack", 1)]
    [InlineData("""{"clusterIP":"None"}""", "IPv4", "SingleStack", 1)]
    [InlineData("""{"clusterIP":"None","ipFamilyPolicy":"PreferDualStack"}""", "IPv4 IPv6", "PreferDualStack", 1)]
    public void Families_and_addresses_follow_from_what_is_asked(string spec, string families, string policy, int count)
    {
        var service = Service(spec);
        Assert.Empty(_dual.Assign(service, null, []));
        var made = service["spec"]!;
        Assert.Equal(families, string.Join(' ', made["ipFamilies"]!.AsArray()));
        Assert.Equal(policy, made["ipFamilyPolicy"]!.GetValue<string>());
        Assert.Equal(count, made["clusterIPs"]!.AsArray().Count);
        Assert.Equal(made["clusterIPs"]![0]!.ToString(), made["clusterIP"]!.ToString());
    }

    [Fact]
    public void A_replacement_keeps_addresses_and_a_downgrade_gives_the_second_back()
    {
        var before = Service("""{"ipFamilyPolicy":"PreferDualStack"}""");
        Assert.Empty(_dual.Assign(before, null, []));
        var replaced = Service("{}");
        Assert.Empty(_dual.Assign(replaced, before, []));
        Assert.Equal(before["spec"]!["clusterIPs"]!.ToJsonString(), replaced["spec"]!["clusterIPs"]!.ToJsonString());
        var single = (JsonObject)before.DeepClone();
        single["spec"]!["ipFamilyPolicy"] = "SingleStack";
        Assert.Empty(_dual.Assign(single, before, []));
        Assert.Equal(before["spec"]!["clusterIP"]!.ToString(), Assert.Single(Addresses(single)));
        var external = (JsonObject)before.DeepClone();
        external["spec"]!["type"] = "ExternalName";
        Assert.Empty(_dual.Assign(external, before, []));
        Assert.Null(external["spec"]!["clusterIP"]);
    }

    [Theory]
    [InlineData("""{"clusterIP":"192.0.2.1"}""", "not in the valid range")]
    [InlineData("""{"clusterIP":"web"}""", "must be a valid IP address")]
    [InlineData("""{"clusterIP":"10.96.0.9","clusterIPs":["10.96.0.8"]}""", "first value must match `clusterIP`")]
    public void What_cannot_be_given_is_refused(string spec, string why) =>
        Assert.Contains(why, Assert.Single(_dual.Assign(Service(spec), null, [])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_cluster_of_one_family_refuses_two()
    {
        var single = new ServiceAddresses([_v4]);
        var cause = Assert.Single(single.Assign(Service("""{"ipFamilyPolicy":"RequireDualStack"}"""), null, []));
        Assert.Contains("not configured for dual-stack", cause.Message, StringComparison.Ordinal);
        var preferred = Service("""{"ipFamilyPolicy":"PreferDualStack"}""");
        Assert.Empty(single.Assign(preferred, null, []));
        Assert.Single(Addresses(preferred));
    }

    [Fact]   // the lower part of the range is for those that choose
    public void The_same_name_gets_the_same_address_above_the_chosen_ones()
    {
        var (one, again) = (Service("{}"), Service("{}"));
        _dual.Assign(one, null, []);
        _dual.Assign(again, null, []);
        Assert.Equal(Addresses(one), Addresses(again));
        var bytes = IPAddress.Parse(Addresses(one)[0]).GetAddressBytes();
        Assert.True(bytes[2] > 0, Addresses(one)[0]);
    }

    private static string[] Addresses(JsonObject service) =>
        [.. service["spec"]!["clusterIPs"]!.AsArray().Select(ip => ip!.GetValue<string>())];

    private static JsonObject Service(string spec) => new()
    {
        ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = "web" },
        ["spec"] = JsonNode.Parse(spec),
    };
}
