#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of authentication.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/authentication/v1, 1.35.</remarks>
internal static partial class AuthenticationTypes
{
    internal static ObjectSchema SelfSubjectReview { get; } = Of("SelfSubjectReview",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("status", 2, () => SelfSubjectReviewStatus));

    internal static ObjectSchema SelfSubjectReviewStatus { get; } = Of("SelfSubjectReviewStatus",
        Obj("userInfo", 1, () => UserInfo));

    internal static ObjectSchema UserInfo { get; } = Of("UserInfo",
        Str("username", 1),
        Str("uid", 2),
        List("groups", 3),
        Map("extra", 4, FieldKind.StringList));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.authentication.v1." + name, fields);
}
