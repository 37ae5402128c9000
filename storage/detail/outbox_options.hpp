#pragma once

#include <rocksdb/options.h>

#include <filesystem>

namespace callstate::storage {

/// How the webhooks' outbox is opened, which is small beside the log.
rocksdb::Options outbox_options(const std::filesystem::path& directory);

}  // namespace callstate::storage
