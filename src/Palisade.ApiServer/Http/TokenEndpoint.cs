using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Http;

/// <summary>kubectl create token: serviceaccounts/NAME/token, an authentication.k8s.io/v1 TokenRequest.</summary>
internal sealed class TokenEndpoint(VersionedStore store, ServiceAccountTokens tokens)
{
    private const long DefaultSeconds = 3600;
    private const long LeastSeconds = 600;
    private const long MostSeconds = 1L << 32;
    private static readonly KindSchema _kind = ApiKinds.Find("authentication.k8s.io/v1", "TokenRequest")!;

    public static bool Serves(RequestTarget target) =>
        target is { Subresource: "token", Resource.Id: "serviceaccounts" };

    public async Task AnswerAsync(HttpContext context, RequestTarget target)
    {
        if (context.Request.Method != "POST")
            throw Errors.MethodNotAllowed();
        var body = await RequestBody.ReadAsync(context);
        var tree = BodyDecoder.Object(body, RequestBody.MediaType(context), _kind, FieldValidation.Ignore).Tree;
        var account = store.State.Of(target.Resource).GetValueOrDefault(new ObjectKey(target.Namespace!, target.Name!))
            ?? throw Errors.NotFound(target.Resource.Kind, target.Name!);
        var seconds = Cell.Number(tree["spec"]?["expirationSeconds"], DefaultSeconds);
        if (seconds is < LeastSeconds or > MostSeconds)
        {
            var why = seconds < LeastSeconds
                ? "may not specify a duration less than 10 minutes"
                : "may not specify a duration larger than 2^32 seconds";
            throw Errors.Invalid(
                _kind.Group, _kind.Kind, target.Name!, [Causes.Invalid("spec.expirationSeconds", $"{seconds}", why)]);
        }

        List<string> audiences = [.. Cell.Texts(tree["spec"]?["audiences"])];
        if (audiences.Count == 0)
            audiences.Add(ServiceAccountTokens.Issuer);
        // Longer than a year nobody needs; a client learns the end from the answer.
        var (token, end) = tokens.Issue(account, audiences, TimeSpan.FromSeconds(Math.Min(seconds, 365 * 86400)));
        await Responses.WriteJsonAsync(context, 201, new JsonObject
        {
            ["kind"] = _kind.Kind,
            ["apiVersion"] = _kind.ApiVersion,
            ["metadata"] = new JsonObject
            {
                ["name"] = target.Name,
                ["namespace"] = target.Namespace,
                ["creationTimestamp"] = null,
            },
            ["spec"] = new JsonObject
            {
                ["audiences"] = new JsonArray([.. audiences.Select(audience => (JsonNode)audience)]),
                ["expirationSeconds"] = seconds,
                ["boundObjectRef"] = null,
            },
            ["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = Metadata.Time(end) },
        });
    }
}
