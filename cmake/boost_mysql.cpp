// Boost.MySQL, compiled once (BOOST_MYSQL_SEPARATE_COMPILATION).
#include <boost/mysql/src.hpp>
